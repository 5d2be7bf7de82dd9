"""What are the hashes of a file that a request brings?"""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from ringfence.guard.service.media.desk import MediaDesk
from ringfence.guard.service.media.uploads import fetched, uploaded
from ringfence.media.hashing.hashed import Hashed, Reason
from ringfence.model.words import HashKind

VIDEO_MD5 = "video_md5"  # what the MD5 of a video is called there; that of a picture is not asked for
# Why a file was refused, and what is answered then.
TOO_MUCH = frozenset({Reason.BYTES, Reason.PIXELS, Reason.FRAMES})
OURS = frozenset({Reason.EXTRA})


async def answer(desk: MediaDesk, request: Request) -> Mapping[str, str]:
    """GET and POST /h/hash"""
    return spelled(await hashed(desk, request), request.query_params.get("types"))


async def hashed(desk: MediaDesk, request: Request) -> Hashed:
    """The file of a form or at the address `url`, hashed. Raises HTTPException for one that is refused."""
    url = request.query_params.get("url")
    if url:
        content = await fetched(url, desk.reach)
    elif request.method == "POST":
        content = await uploaded(request, desk.reach.most_bytes)
    else:
        raise HTTPException(400, "url is required")
    found = await run_in_threadpool(desk.pool.hash, content)
    if found.refused is not None:
        status = 413 if found.refused.reason in TOO_MUCH else 501 if found.refused.reason in OURS else 400
        raise HTTPException(status, f"The file {found.refused.what}; {found.refused.mend}")
    return found


def spelled(found: Hashed, types: str | None = None) -> dict[str, str]:
    """Hashes by the names they have there: PDQ of a picture, MD5 of a video; other kinds where `types` names them."""
    kinds: dict[str, bytes | None] = {
        HashKind.PDQ: found.looks[0].value if found.looks else None,
        VIDEO_MD5: found.md5 if found.frames else None,
        HashKind.MD5: found.md5,
        HashKind.SHA1: found.sha1,
        HashKind.SHA256: found.sha256,
    }
    names = [name.strip() for name in types.split(",")] if types else [HashKind.PDQ, VIDEO_MD5]
    if odd := [name for name in names if name and name not in kinds]:
        raise HTTPException(400, f"signal type {len(odd)} of `types` doesn't exist: use some of {', '.join(kinds)}")
    return {str(name): value.hex() for name in names if (value := kinds.get(name)) is not None}
