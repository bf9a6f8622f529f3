"""Who is to rate a participant: assigned from a day to a day, apart from the treatment where that is possible."""
