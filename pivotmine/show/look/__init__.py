"""The look of all pages: colours, charts as Vega-Lite specifications, their drawing, page shell."""
