"""What runs a stage: fingerprint, session, runner, and files staged until the commit."""
