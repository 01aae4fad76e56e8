"""Designs in the forms of other tools. Every one starts from `design.definition.whole_definition`."""
