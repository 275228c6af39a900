"""`demo` fills an empty database; `ring` calls a number as its provider would."""
