"""Parameters of a call, from forms, multipart, query strings or JSON; nested values are JSON strings."""

import json
import re
from dataclasses import dataclass, field

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from bot.demo.telegram.bot_api.refusal import bad_request
from bot.demo.telegram.model import Json

UPLOAD_LIMIT = 50 * 1024 * 1024


@dataclass(frozen=True)
class Upload:
    name: str
    mime: str
    content: bytes = field(repr=False)


@dataclass
class Params:
    values: Json
    uploads: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            return int(str(value))
        except ValueError:
            raise bad_request(f"{name} must be a number") from None

    def chat_id(self, name: str = "chat_id") -> int | None:
        """Return the id; None also for a public name such as @channel: unsupported here."""
        value = self.text(name)
        return int(value) if re.fullmatch("-?[0-9]{1,19}", value) else None

    def required_integer(self, name: str) -> int:
        value = self.integer(name)
        if value is None:
            raise bad_request(f"{name} is empty")
        return value

    def number(self, name: str, default: float) -> float:
        value = self.values.get(name)
        try:
            return default if value is None else float(str(value))
        except ValueError:
            raise bad_request(f"{name} must be a number") from None

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name)
        return default if value is None else str(value).lower() in {"true", "1", "yes"}

    def structure(self, name: str) -> object:
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from None

    def mapping(self, name: str) -> "Params | None":
        value = self.structure(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise bad_request(f"object expected as {name.replace('_', ' ')}")
        return Params(value)

    def items(self, name: str) -> list[object]:
        value = self.structure(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise bad_request(f"can't parse {name.replace('_', ' ')}: expected an Array")
        return value

    def integers(self, name: str) -> list[int]:
        try:
            return [int(str(item)) for item in self.items(name)]
        except ValueError:
            raise bad_request(f"can't parse {name.replace('_', ' ')}: expected numbers") from None

    def upload(self, name: str) -> Upload | None:
        """Return the file of a field: its own part, or the part that `attach://…` names."""
        return self.uploads.get(self.text(name).removeprefix("attach://")) or self.uploads.get(name)

    def shown(self) -> Json:
        return self.values | {
            name: f"<{upload.name}, {len(upload.content)} bytes>" for name, upload in self.uploads.items()
        }


async def read_params(request: Request) -> Params:
    values: Json = dict(request.query_params)
    kind = request.headers.get("content-type", "").split(";")[0]
    if kind == "application/json":
        return Params(values | await _json(request))
    if kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        async with request.form() as form:
            return await _form(values, form)
    return Params(values)


async def _json(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request("can't parse JSON object")
    return body


async def _form(values: Json, form: FormData) -> Params:
    uploads: dict[str, Upload] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            mime = value.content_type or "application/octet-stream"
            uploads[name] = Upload(value.filename or "file", mime, await value.read())
        else:
            values[name] = value
    return Params(values, uploads)
