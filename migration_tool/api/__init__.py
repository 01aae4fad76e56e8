"""Everything from Python: the functions behind the commands, as one small surface. See docs/python.md.

Nothing here prints or ends the process; what goes wrong is raised, as one of the classes in `errors`. The
names are those of `migration_tool`, which imports a module of this package when one of its names is used.
"""
