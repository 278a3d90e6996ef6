mod first_sync;
