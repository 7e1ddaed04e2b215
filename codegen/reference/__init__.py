"""The reference of models: a section for each model of iconik and of the collaboration contract.

The pages are made when the site is built; `codegen.website.models` adds them. `examples` makes the
JSON of a schema, `markup` writes a section, `iconik` and `contract` say what is in it.
"""
