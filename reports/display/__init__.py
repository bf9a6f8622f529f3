"""From results to what is read: numbers as printed, tables, figures and sentences. Nothing is computed here."""
