"""File formats: strict readers and writers over bytes, with no file, database or clock.

Each refuses what has two meanings or cannot be stored, and says where.
"""

from evenhand.formats.csv_cells import CsvFlavour, neutralise_cell, render_csv_row, restore_cell
from evenhand.formats.csv_stream import COLUMNS_MAX, FIELD_BYTES_MAX, CsvReader
from evenhand.formats.errors import FormatError
from evenhand.formats.jsonl import LINE_BYTES_MAX, LineBlocks, LineReader, numbered_lines
from evenhand.formats.strict_json import MAX_DEPTH, parse_json, render_json, render_parsed_json
from evenhand.formats.trl import TrlPreference, parse_trl, read_trl, render_trl

__all__ = [
    "COLUMNS_MAX",
    "FIELD_BYTES_MAX",
    "LINE_BYTES_MAX",
    "MAX_DEPTH",
    "CsvFlavour",
    "CsvReader",
    "FormatError",
    "LineBlocks",
    "LineReader",
    "TrlPreference",
    "neutralise_cell",
    "numbered_lines",
    "parse_json",
    "parse_trl",
    "read_trl",
    "render_csv_row",
    "render_json",
    "render_parsed_json",
    "render_trl",
    "restore_cell",
]
