"""The way in for somebody who is locked out while a patient waits: sealed codes, alarmed and reviewed."""
