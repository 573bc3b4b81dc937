"""Text to segments, languages and token ids; no Spark, no state beyond caches per process."""
