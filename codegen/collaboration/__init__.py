"""Writes what follows from the collaboration contract's OpenAPI document, which is the one source.

    docs/collaboration-openapi.json      the contract; edit this, then run `python -m codegen`
    codegen/collaboration/names.lock     every public name that came out of it

From the document come `values`, `models`, `inputs`, `dicts`, `protocol` and `http` of
`tgiconik.tradinggrid.collaboration`, the community's `bodies` and `queries`, and the page
`docs/contract.md`. What has behaviour is written by hand: `transitions`, `_wire` and the
community's handlers.

`document` reads the document, `classes` and `methods` say what follows from it as values, `text`
wraps docstrings, and `class_modules`, `protocol`, `http`, `bodies` and `page` write it down.

OpenAPI has no place for some of what a Python reader must know. The document says it in extensions:

    x-python-protocols     the Protocols, in order. `attribute` is the name on the backend; a
                           Protocol with a `subject` is shared by several nouns, whose id is `id_`
    x-python-name          of an operation: `Protocol.method`; of a body or header: the argument
    x-python-description   what to say in Python, where the HTTP description talks of headers
    x-python-raises        of an operation: errors that need more than their name
    x-python-positional    of a body's schema: the method takes its fields as arguments, these
                           without a keyword, and there is no class for it

Two more are about the contract itself. `x-partner` of an operation says what a partner may do with
it; without one it is for operators only. A class with a field `written_by` gets the property
`is_operators`.
"""
