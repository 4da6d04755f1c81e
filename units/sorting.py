"""Swedish order: …z, å, ä, ö, with accented letters beside their plain ones.

The database function of the same name gives the same key on a server with or without ICU, so a
list sorted in SQL and one sorted in Python agree.
"""

from django.db.models import CharField, Func
from django.db.models.functions import Collate

_FROM = "ABCDEFGHIJKLMNOPQRSTUVWXYZÅÄÖÆØåäöæøÀÁÂÃÈÉÊËÌÍÎÏÒÓÔÕÙÚÛÜÝÇÑàáâãèéêëìíîïòóôõùúûüýÿçñ"
_TO = "abcdefghijklmnopqrstuvwxyz{|}|}{|}|}aaaaeeeeiiiioooouuuyycnaaaaeeeeiiiioooouuuyyycn"
_KEYS = str.maketrans(_FROM, _TO)

CREATE_FUNCTION = f"""
CREATE FUNCTION swedish_sort_key(words text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(words, '{_FROM}', '{_TO}');
"""
DROP_FUNCTION = "DROP FUNCTION swedish_sort_key(text);"


def swedish_sort_key(words: str) -> str:
    return words.translate(_KEYS)


def swedish_order(field: str) -> Collate:
    """An `order_by` expression; `{`, `|` and `}` follow z in byte order, as å, ä and ö do."""
    key = Func(field, function="swedish_sort_key", output_field=CharField())
    return Collate(key, "C")
