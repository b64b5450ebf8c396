"""The door of exposure. Rows are written by its SQL function inside the grant."""

from .ledger import MemberShare, VendorShare, read_member_shares, read_vendor_shares

__all__ = ["MemberShare", "VendorShare", "read_member_shares", "read_vendor_shares"]
