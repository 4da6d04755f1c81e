"""Several tagged PDF files as one, written part by part: the memory it takes is that of one part.

Each part is numbered anew and becomes a part of one structure tree, so that what a screen reader
is told of headings, tables and pictures stays whole.
"""

import re
import zlib
from io import BytesIO
from struct import pack
from typing import IO, Any, cast

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NullObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

_IN_A_BUNDLE = 200
_PAGES_IN_METADATA = re.compile(rb"(?<=<xmpTPg:NPages>)\d+")


class JoinedPdf:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._written = 0
        self._places: dict[int, tuple[int, int, int]] = {}  # kind, offset or bundle, place in it
        self._bundle: list[tuple[int, bytes]] = []
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._next = 1
        self._root, self._pages, self._tree, self._whole, self._outline = self._numbers(5)
        self._parts: list[_Part] = []
        self._next_key = 0
        self._keys: list[Any] = []
        self._names: list[tuple[str, IndirectObject]] = []

    @staticmethod
    def count(content: bytes) -> int:
        """How many pages a file has."""
        return len(PdfReader(BytesIO(content)).pages)

    @property
    def pages(self) -> int:
        return sum(part.pages for part in self._parts)

    def add(self, content: bytes, *, is_front: bool = False) -> int:
        """Put a part after the others or, the front matter, before them all. Returns how many
        pages it has."""
        reader = PdfReader(BytesIO(content))
        part = _Part(reader, first=self._next, number=len(self._parts))
        self._next += part.size
        part.keep(reader, self)
        self._parts.insert(0 if is_front else len(self._parts), part)
        return part.pages

    def finish(self) -> None:
        first = self._parts[0]
        chapters = [item for part in self._parts for item in part.outline]
        for place, (number, item) in enumerate(chapters):
            item[NameObject("/Parent")] = self.refer(self._outline)
            for key, other in (("/Prev", place - 1), ("/Next", place + 1)):
                item.pop(NameObject(key), None)
                if 0 <= other < len(chapters):
                    item[NameObject(key)] = self.refer(chapters[other][0])
            self.put(number, item)
        self.put(
            self._outline,
            _dictionary(
                Type=NameObject("/Outlines"),
                First=self.refer(chapters[0][0]),
                Last=self.refer(chapters[-1][0]),
                Count=NumberObject(len(chapters)),
            ),
        )
        self.put(
            self._pages,
            _dictionary(
                Type=NameObject("/Pages"),
                Count=NumberObject(self.pages),
                Kids=ArrayObject(self.refer(part.page_tree) for part in self._parts),
            ),
        )
        self._put_tree(first)
        metadata = _numbered_metadata(first.metadata, self.pages)
        catalog = first.catalog
        for key, number in (
            ("/Pages", self._pages),
            ("/StructTreeRoot", self._tree),
            ("/Outlines", self._outline),
            ("/Metadata", self._numbers(1)[0]),
        ):
            catalog[NameObject(key)] = self.refer(number)
        self.put(catalog.raw_get("/Metadata").idnum, metadata)
        self.put(self._root, catalog)
        self._put_references(first)

    # --- Used by the parts ---

    def refer(self, number: int) -> IndirectObject:
        return IndirectObject(number, 0, None)

    def put(self, number: int, thing: PdfObject) -> None:
        written = BytesIO()
        thing.write_to_stream(written)
        if not isinstance(thing, StreamObject):
            self._bundle.append((number, written.getvalue()))
            if len(self._bundle) >= _IN_A_BUNDLE:
                self._put_bundle()
            return
        self._places[number] = (1, self._written, 0)
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, written.getvalue()))

    def keep_tags(self, tree: DictionaryObject, part: "_Part") -> None:
        """The part's own Document becomes a part of the one Document."""
        nums = tree["/ParentTree"]["/Nums"]  # type: ignore[index]
        for key, value in zip(nums[::2], nums[1::2], strict=True):
            self._keys += [NumberObject(key + self._next_key), part.renumbered(value)]
        self._next_key += tree["/ParentTreeNextKey"]  # type: ignore[operator]
        names = tree.get("/IDTree", {}).get("/Names", [])
        for name, value in zip(names[::2], names[1::2], strict=True):
            self._names.append((part.unique(name), part.renumbered(value)))

    @property
    def key_offset(self) -> int:
        return self._next_key

    @property
    def page_tree(self) -> IndirectObject:
        return self.refer(self._pages)

    @property
    def whole(self) -> IndirectObject:
        return self.refer(self._whole)

    # --- The file ---

    def _put_tree(self, first: "_Part") -> None:
        self.put(
            self._whole,
            _dictionary(
                Type=NameObject("/StructElem"),
                S=NameObject("/Document"),
                P=self.refer(self._tree),
                K=ArrayObject(each for part in self._parts for each in part.tags),
            ),
        )
        self._names.sort(key=lambda name: name[0].encode())
        names = [thing for name, ref in self._names for thing in (TextStringObject(name), ref)]
        self.put(
            self._tree,
            _dictionary(
                Type=NameObject("/StructTreeRoot"),
                RoleMap=first.role_map,
                K=ArrayObject([self.whole]),
                ParentTree=_dictionary(Nums=ArrayObject(self._keys)),
                ParentTreeNextKey=NumberObject(self._next_key),
                **({"IDTree": _dictionary(Names=ArrayObject(names))} if names else {}),
            ),
        )

    def _numbers(self, count: int) -> list[int]:
        taken = list(range(self._next, self._next + count))
        self._next += count
        return taken

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._written += len(content)

    def _put_bundle(self) -> None:
        if not self._bundle:
            return
        (number,) = self._numbers(1)
        starts, content = b"", b""
        for place, (each, written) in enumerate(self._bundle):
            starts += b"%d %d " % (each, len(content))
            content += written + b"\n"
            self._places[each] = (2, number, place)
        packed = zlib.compress(starts + content)
        self._places[number] = (1, self._written, 0)
        head = b"/Type/ObjStm/N %d/First %d" % (len(self._bundle), len(starts))
        self._bundle = []
        self._write(_stream(number, head, packed))

    def _put_references(self, first: "_Part") -> None:
        (info,) = self._numbers(1)
        self.put(info, first.info)
        self._put_bundle()
        (number,) = self._numbers(1)
        self._places[number] = (1, self._written, 0)
        free = (0, 0, 65535)
        rows = [pack(">BIH", *self._places.get(each, free)) for each in range(self._next)]
        start = self._written
        identity = first.identity
        head = b"/Type/XRef/Size %d/W[1 4 2]/Root %d 0 R/Info %d 0 R/ID[<%b><%b>]" % (
            self._next,
            self._root,
            info,
            identity,
            identity,
        )
        self._write(_stream(number, head, zlib.compress(b"".join(rows))))
        self._write(b"startxref\n%d\n%%%%EOF\n" % start)


class _Part:
    def __init__(self, reader: PdfReader, first: int, number: int) -> None:
        self._offset = first
        self._number = number
        self.size = cast(int, reader.trailer["/Size"])
        self.pages = len(reader.pages)
        self.outline: list[tuple[int, DictionaryObject]] = []
        self.tags: list[IndirectObject] = []
        self.page_tree = 0
        self.identity = bytes(reader.trailer["/ID"][0].original_bytes).hex().encode()  # type: ignore[index]

    def keep(self, reader: PdfReader, joined: JoinedPdf) -> None:
        """Write all but what the parts share, which is kept until the end."""
        trailer = reader.trailer
        root = cast(DictionaryObject, trailer["/Root"])
        tree = cast(DictionaryObject, root["/StructTreeRoot"])
        outlines = cast(DictionaryObject, root["/Outlines"])
        # Copies: whatever the reader gave holds on to the reader, and that to the whole part.
        self.metadata: bytes = root["/Metadata"].get_data()  # type: ignore[attr-defined]
        self.role_map = self.renumbered(tree["/RoleMap"])
        self.info = self.renumbered(trailer["/Info"])
        self.catalog = self.renumbered(root)
        pages, documents = root.raw_get("/Pages").idnum, _idnums(tree["/K"])
        held = {
            trailer.raw_get("/Root").idnum,
            trailer.raw_get("/Info").idnum,
            *(root.raw_get(key).idnum for key in ("/StructTreeRoot", "/Outlines", "/Metadata")),
        }
        held |= set(self._keep_outline(outlines))
        self.page_tree = pages + self._offset
        for number in range(1, self.size):
            thing = reader.get_object(number)
            if number in held or thing is None or isinstance(thing, NullObject):
                continue
            made = self.renumbered(thing)
            if number == pages:
                made[NameObject("/Parent")] = joined.page_tree
            elif number in documents:
                made[NameObject("/S")] = NameObject("/Part")
                made[NameObject("/P")] = joined.whole
                self.tags.append(joined.refer(number + self._offset))
            for key in ("/StructParents", "/StructParent"):
                if isinstance(made, DictionaryObject) and key in made:
                    made[NameObject(key)] = NumberObject(cast(int, made[key]) + joined.key_offset)
            joined.put(number + self._offset, made)
        joined.keep_tags(tree, self)

    def _keep_outline(self, outlines: DictionaryObject) -> list[int]:
        numbers: list[int] = []
        reference = outlines.raw_get("/First") if "/First" in outlines else None
        while reference is not None:
            item = reference.get_object()
            numbers.append(reference.idnum)
            self.outline.append((reference.idnum + self._offset, self.renumbered(item)))
            reference = item.raw_get("/Next") if "/Next" in item else None
        return numbers

    def renumbered(self, thing: Any) -> Any:
        """A copy with its references as the joined file numbers them, and its names unique."""
        if isinstance(thing, IndirectObject):
            return IndirectObject(thing.idnum + self._offset, 0, None)
        if isinstance(thing, ArrayObject):
            return ArrayObject(self.renumbered(each) for each in list.__iter__(thing))
        if isinstance(thing, StreamObject):
            # In place: each is met once, and its content may be large.
            for key, value in list(dict.items(thing)):
                dict.__setitem__(thing, key, self.renumbered(value))
            return thing
        if isinstance(thing, DictionaryObject):
            return DictionaryObject(
                {key: self._value(key, value) for key, value in dict.items(thing)}
            )
        return thing

    def _value(self, key: str, value: Any) -> Any:
        if key == "/ID" and isinstance(value, str):
            return TextStringObject(self.unique(value))
        if key == "/Headers" and isinstance(value, ArrayObject):
            return ArrayObject(TextStringObject(self.unique(each)) for each in value)
        return self.renumbered(value)

    def unique(self, name: str) -> str:
        return f"{self._number}-{name}"


def _dictionary(**items: PdfObject) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{key}"): value for key, value in items.items()})


def _idnums(things: Any) -> set[int]:
    return {thing.idnum for thing in list.__iter__(things)}


def _numbered_metadata(metadata: bytes, pages: int) -> StreamObject:
    stream = DecodedStreamObject()
    stream.update(_dictionary(Type=NameObject("/Metadata"), Subtype=NameObject("/XML")))
    stream.set_data(_PAGES_IN_METADATA.sub(b"%d" % pages, metadata))
    return stream


def _stream(number: int, head: bytes, packed: bytes) -> bytes:
    return b"%d 0 obj\n<<%b/Filter/FlateDecode/Length %d>>stream\n%b\nendstream\nendobj\n" % (
        number,
        head,
        len(packed),
        packed,
    )
