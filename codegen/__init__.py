"""Writes what is generated, by `python -m codegen`. Not part of the package.

The collaboration contract's code comes from its OpenAPI document: see `codegen.collaboration`. The
iconik client comes from facts:

    facts/ + digest.txt   what iconik publishes, unchanged
    overlay.toml          what is known better, with reasons
    names.toml            words and exceptions of the naming
    names.lock            every public name that came out; no change without an edit by hand

`facts` reads the first two, `naming` and `class_names` give names, `operations` and `models` say
what there is, `build` puts a service together, `emit`, `table` and `blob` write it down. To take
new facts: put them below `facts/`, run `python -m codegen --accept-facts`, and review the diff.
"""
