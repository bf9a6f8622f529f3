"""Routes of tampering with the audit trail, and the trail at its full size."""
