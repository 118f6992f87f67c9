"""Cache of compiled templates: without it each is compiled when it is first shown, which holds up the event loop."""

import sys
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache


class TemplateCache(FileSystemBytecodeCache):
    """Compiled templates in `__pycache__` beside them, as Python keeps its own bytecode: written by the first process
    that may write there, and by none with PYTHONDONTWRITEBYTECODE. `compiled_by` is the module that sets the options of
    compilation: after a change of it, of jinja2 or of its text a template is compiled anew."""

    def __init__(self, templates: Path, compiled_by: Path) -> None:
        super().__init__(str(templates / "__pycache__"), "%s.jinja")
        self._compiler = f"{jinja2.__version__} {compiled_by.read_text('utf-8')}"

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(self._compiler + source)

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)
