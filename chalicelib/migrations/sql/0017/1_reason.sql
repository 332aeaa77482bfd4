-- Why a swap or a cover was decided as it was, as leave has it; passing in spite of warnings keeps a reason of its own.
ALTER TABLE schedule_changes ADD COLUMN reason TEXT;
