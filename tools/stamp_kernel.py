"""Of which sources is the kernel compiled? Writes their hash into kernel.py, so that compiled code is never stale."""

import re
from hashlib import blake2b
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "src/ringfence/terms"
INLINED = ("characters.py", "edges.py", "finds.py", "index.py", "masks.py", "units.py", "verify.py")

if __name__ == "__main__":
    stamp = blake2b(b"".join((FOLDER / name).read_bytes() for name in INLINED), digest_size=8).hexdigest()
    kernel = FOLDER / "kernel.py"
    kernel.write_text(re.sub(r'INLINED = "[0-9a-f]*"', f'INLINED = "{stamp}"', kernel.read_text()))
