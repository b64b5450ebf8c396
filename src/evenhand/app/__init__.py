"""The edge: HTTP, command line, web processes, and the composition root that joins the rooms."""

# Nobody imports the edge: it is started.
__all__: list[str] = []
