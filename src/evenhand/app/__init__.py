"""The edge: HTTP, command line, web processes, and the composition root that joins the rooms."""
