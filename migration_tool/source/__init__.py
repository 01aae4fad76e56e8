from migration_tool.source import memory as memory
