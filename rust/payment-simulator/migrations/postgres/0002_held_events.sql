-- The event of the charge that is sent after the first refund of it, if its token asks for that.
ALTER TABLE charges ADD COLUMN held_event TEXT;
