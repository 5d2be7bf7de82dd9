"""Which file does a request bring? One of a form, or one that is read from an address."""

from collections.abc import AsyncGenerator
from pathlib import PurePath
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ringfence.media.fetching import Reach, fetch
from ringfence.media.hashing.sources import Content

KINDS = ("photo", "video")  # the names that a form may give its file, and that content_type may have
FORM = "multipart/form-data"
MISSING = "Missing multipart/form-data file upload"
HEADS = 10_000  # bytes of a form beside its file


async def uploaded(request: Request, most: int) -> Content:
    """The one file of a form, in the field `photo` or `video`. Raises HTTPException where there is none, or more.

    It is held in memory and nowhere else: nothing of it reaches a disk.
    """
    if not request.headers.get("content-type", "").lower().startswith(FORM):
        raise HTTPException(400, MISSING)
    parser = MultiPartParser(request.headers, _limited(request, most + HEADS), max_files=2, max_fields=16)
    parser.spool_max_size = most + HEADS
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400, f"The form cannot be read: {error.message}") from error
    try:
        files = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
        if len(files) != 1:
            raise HTTPException(400, "Only one file allowed per request" if files else MISSING)
        name, file = files[0]
        if name not in KINDS:
            raise HTTPException(400, f"no such content_type: give the file as {' or '.join(KINDS)}")
        return Content(PurePath(file.filename or name).name, await file.read())
    finally:
        await form.close()


async def _limited(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise HTTPException(413, f"The file is larger than {most - HEADS:,} bytes")
        yield part


async def fetched(url: str, reach: Reach) -> Content:
    """The file at an address, where the operator allows that. Raises Fault."""
    got = await run_in_threadpool(fetch, url, reach)
    return Content(PurePath(urlsplit(url).path).name or "url", got.content)
