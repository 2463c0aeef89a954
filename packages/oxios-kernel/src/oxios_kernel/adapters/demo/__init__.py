"""The inside of the built-in demo model: a handful of task shapes, read by rule and carried out with real tools.

`reading` turns a request into a `Wish`, `contract` a wish into a specification with checks, `protocol` answers the
specification protocol's prompts, `work` carries a wish out step by step. `llm_demo` is the door. Nothing in here does
I/O, reads a clock or draws a random number: the same transcript always gets the same reply.
"""
