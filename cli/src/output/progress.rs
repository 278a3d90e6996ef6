use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// Bars on stderr; silent where nobody watches.
#[derive(Clone, Debug)]
pub struct Progress {
    bars: MultiProgress,
}

/// One bar. Clones move the same bar.
#[derive(Clone, Debug)]
pub struct Bar {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(watched: bool) -> Self {
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target) }
    }

    /// A bar for something of which there are `total`; with an estimate of the time left.
    pub fn bar(&self, name: &str, total: u64) -> Bar {
        let template = "{prefix:16} {bar:30} {pos:>7}/{len:<7} {eta:>4} left  {msg}";
        self.add(ProgressBar::new(total), template, name)
    }

    /// A bar for something of which nobody knows how much there is.
    pub fn counter(&self, name: &str) -> Bar {
        let bar = self.add(ProgressBar::no_length(), "{prefix:16} {spinner} {pos:>7} {msg}", name);
        bar.bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    fn add(&self, bar: ProgressBar, template: &str, name: &str) -> Bar {
        let bar = self.bars.add(bar);
        // The templates are ours: should one be wrong, the library's own does.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━━─"));
        }
        bar.set_prefix(name.to_owned());
        Bar { bar }
    }

    /// Takes all bars off the screen.
    pub fn clear(&self) {
        let _ = self.bars.clear();
    }

    /// Prints something else while the bars stand still.
    pub fn pause<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bars.suspend(print)
    }
}

impl Bar {
    /// So many more are done.
    pub fn add(&self, done: u64) {
        self.bar.inc(done);
    }

    /// So many are done.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// There are so many.
    pub fn set_total(&self, total: u64) {
        self.bar.set_length(total);
    }

    /// A few words at the end of the line.
    pub fn say(&self, words: &str) {
        self.bar.set_message(words.to_owned());
    }

    /// Leaves the bar as it is.
    pub fn finish(&self) {
        self.bar.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid_and_silence_is_possible() {
        let progress = Progress::new(false);
        let bar = progress.bar("invoices", 10);
        bar.add(3);
        bar.set_total(12);
        assert_eq!((bar.bar.position(), bar.bar.length()), (3, Some(12)));
        let counter = progress.counter("payments");
        counter.set(7);
        counter.say("reading");
        counter.finish();
        progress.clear();
        for template in [
            "{prefix:16} {bar:30} {pos:>7}/{len:<7} {eta:>4} left  {msg}",
            "{prefix:16} {spinner} {pos:>7} {msg}",
        ] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
