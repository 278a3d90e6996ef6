//! The function between two simulated systems, and its event and answer on a queue that speaks as SQS does.

mod events;
mod queues;
mod work;
