"""S3's upload by an HTML form: a PutObject whose parameters are fields of a multipart body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from executor.gateway.wire.request import Signed, Unidentifiable, WireRequest
from executor.gateway.wire.signature import scope_of
from executor.gateway.wire.values import scalar

if TYPE_CHECKING:
    from botocore.model import OperationModel

_BOUNDARY = re.compile(r'^multipart/form-data;.*boundary="?([^";]+)"?', re.IGNORECASE)
_NAME = re.compile(r';\s*name="([^"]*)"', re.IGNORECASE)
_FILENAME = re.compile(r';\s*filename="([^"]*)"', re.IGNORECASE)
_PATH = re.compile(r"^/([^/]+)/?$")
# Fields that sign the form or say where the browser goes next.
_LABELS = re.compile(
    r"^(?:policy|signature|awsaccesskeyid|success_action_(?:redirect|status)|redirect|submit"
    r"|x-amz-(?:algorithm|credential|date|signature|security-token)|x-ignore-.*)$"
)
# Header members whose form field has another name.
_RENAMED = {"acl": "x-amz-acl", "tagging": "x-amz-tagging"}
_META = "x-amz-meta-"


def is_post_form(request: WireRequest) -> bool:
    """Whether the request has the look of an upload by form; tells from its head."""
    return request.method == "POST" and bool(_BOUNDARY.match(request.header("content-type")))


def from_post_form(
    operation: OperationModel, request: WireRequest, path: str
) -> tuple[dict[str, object], Signed]:
    """Return the parameters of PutObject, and who signed the form.

    Args:
        operation: PutObject.
        request: the request, with its body.
        path: path with the bucket in it.

    Raises:
        Unidentifiable: it is no such form.
    """
    bucket = _PATH.match(path)
    if bucket is None or request.query or not request.buffered:
        raise Unidentifiable("the form is not sent to a bucket", service="s3")
    fields, content, file_name = _fields(request)
    if not fields.get("key"):
        raise Unidentifiable("the form names no key", service="s3")
    params: dict[str, object] = {"Bucket": bucket.group(1), "Body": content}
    params["Key"] = fields.pop("key").replace("${filename}", file_name)
    params.update(_parameters(operation, fields))
    credential = fields.get("x-amz-credential", "")
    who = (
        scope_of(credential) if credential else Signed(access_key=fields.get("awsaccesskeyid", ""))
    )
    if who.signing_name not in ("", "s3"):
        raise Unidentifiable("the form is signed for another service", service="s3")
    return params, who


def _fields(request: WireRequest) -> tuple[dict[str, str], bytes, str]:
    found = _BOUNDARY.match(request.header("content-type"))
    assert found is not None
    mark = b"\r\n--" + found.group(1).encode("latin-1")
    first, *parts, last = (b"\r\n" + request.body).split(mark)
    if first.strip() or not last.startswith(b"--"):
        raise Unidentifiable("the form is malformed", service="s3")
    fields: dict[str, str] = {}
    for part in parts:
        head, blank, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(head.decode("utf-8", "replace"))
        if not blank or name is None:
            raise Unidentifiable("the form is malformed", service="s3")
        field = name.group(1).lower()
        if field == "file":
            # What comes after the file is no part of the form.
            file_name = _FILENAME.search(head.decode("utf-8", "replace"))
            return fields, content, file_name.group(1) if file_name else ""
        if field in fields:
            raise Unidentifiable(f"the field {field} stands twice", service="s3")
        fields[field] = _text(content)
    raise Unidentifiable("the form holds no file", service="s3")


def _parameters(operation: OperationModel, fields: dict[str, str]) -> dict[str, object]:
    shape = operation.input_shape
    assert shape is not None
    headers = {
        str(m.serialization.get("name", n)).lower(): n
        for n, m in shape.members.items()
        if m.serialization.get("location") == "header"
    }
    params: dict[str, object] = {}
    metadata: dict[str, str] = {}
    for field, value in fields.items():
        wire = _RENAMED.get(field, field)
        if wire in headers:
            name = headers[wire]
            params[name] = scalar(shape.members[name], value)
        elif field.startswith(_META):
            metadata[field.removeprefix(_META)] = value
        elif not _LABELS.match(field):
            raise Unidentifiable(f"PutObject knows no field {field!r}", service="s3")
    if metadata:
        params["Metadata"] = metadata
    return params


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unidentifiable("a field of the form is not UTF-8", service="s3") from error
