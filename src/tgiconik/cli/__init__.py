"""The command line `tgiconik`: thin commands over the public functions.

`commands.COMMANDS` lists the commands, each in a module of its own; `exit_codes` has the exit
codes. Nothing imports this package.
"""
