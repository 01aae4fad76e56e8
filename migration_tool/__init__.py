"""Moves a relational database into DynamoDB single-table designs, and proves that it did."""

__version__ = "0.1.0"
