"""The command line from a checkout: `python migrate.py --help`."""

from migration_tool.cli import main

if __name__ == "__main__":
    main()
