"""Cut documents into contexts that hold two languages."""
