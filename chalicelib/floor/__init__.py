"""The live floor: who is here, marking, the handover, and days and months that close."""
