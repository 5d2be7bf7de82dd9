import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.media.hashing.hashed import Frame
from ringfence.media.hashing.vpdq import NEAR, of_text, pruned, to_text
from ringfence.model.faults import Fault

FRAMES = st.lists(
    st.builds(
        Frame,
        st.integers(0, 10**8).map(lambda thousandths: thousandths / 1000),
        st.integers(0, 10**7),
        st.binary(min_size=32, max_size=32),
        st.integers(0, 100),
    ),
    max_size=6,
)


@given(FRAMES)
def test_what_is_written_is_read_again(frames: list[Frame]) -> None:
    assert list(of_text(to_text(frames), "film.txt")) == frames


@pytest.mark.parametrize(
    "line",
    [
        "",
        "1,50",
        f"1,50,{'ab' * 32}",
        f"1,50,{'ab' * 32},0.1,7",
        f"-1,50,{'ab' * 32},0.1",
        f"1,101,{'ab' * 32},0.1",
        f"1,50,{'ab' * 31},0.1",
        f"1,50,{'zz' * 32},0.1",
        f"1,50,{'ab' * 32},nan",
        f"1,50,{'ab' * 32},inf",
        f"1,50,{'ab' * 32},-0.1",
        f"a,50,{'ab' * 32},0.1",
    ],
)
def test_a_line_that_is_no_frame_is_named_by_number_and_not_repeated(line: str) -> None:
    good = f"0,50,{'cd' * 32},0.0\n"
    if not line:
        assert len(of_text(good + "\n" + good, "film.txt")) == 2
        return
    with pytest.raises(Fault, match=r"film\.txt, line 2") as raised:
        of_text(good + line, "film.txt")
    assert "abab" not in str(raised.value)


def test_frames_that_stand_still_are_left_out_and_a_slow_drift_is_not() -> None:
    def frame(number: int, bits: int) -> Frame:
        return Frame(number / 25, number, ((1 << bits) - 1).to_bytes(32), 90)

    still = [frame(number, 1 + number % (NEAR + 1)) for number in range(9)]
    assert pruned(still) == (still[0],)
    drift = [frame(number, number) for number in range(9)]
    assert [one.number for one in pruned(drift)] == [0, 3, 6]
