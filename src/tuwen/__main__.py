"""`python -m tuwen` is the `tuwen` command, for where scripts are not on the path."""

from tuwen.cli import main

main()
