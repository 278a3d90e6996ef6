use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{self, Write},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The bars that stand on the screen now. The log knows nothing of them, and must not write into them.
static SHOWN: Mutex<Option<MultiProgress>> = Mutex::new(None);

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
        let bars = MultiProgress::with_draw_target(target);
        show(watched.then(|| bars.clone()));
        Self { bars }
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
        show(None);
        let _ = self.bars.clear();
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

fn show(bars: Option<MultiProgress>) {
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = bars;
}

/// Where log lines go: to stderr, above the bars where there are some.
#[derive(Debug, Default)]
pub(crate) struct LogLines;

impl Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let print = || io::stderr().lock().write_all(line).map(|()| line.len());
        above(shown.as_ref(), print)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Takes the bars off the screen while something is printed.
fn above<T>(bars: Option<&MultiProgress>, print: impl FnOnce() -> T) -> T {
    match bars {
        Some(bars) => bars.suspend(print),
        None => print(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::TermLike;
    use std::sync::Arc;

    /// A screen that remembers what was done to it.
    #[derive(Clone, Debug, Default)]
    struct Screen(Arc<Mutex<Vec<String>>>);

    impl Screen {
        #[expect(clippy::unnecessary_wraps, reason = "the screen's own methods answer so")]
        fn note(&self, what: &str) -> io::Result<()> {
            self.0.lock().unwrap().push(what.to_owned());
            Ok(())
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.note(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.note(text)
        }
        fn clear_line(&self) -> io::Result<()> {
            self.note("cleared")
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_line_stands_above_the_bars_and_not_in_them() {
        let screen = Screen::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let progress = Progress { bars: MultiProgress::with_draw_target(target) };
        let bar = progress.bar("invoices", 10);
        bar.add(3);
        bar.bar.force_draw();
        above(Some(&progress.bars), || screen.note("a warning").unwrap());
        let done = screen.0.lock().unwrap().clone();
        let at = done.iter().position(|what| what == "a warning").unwrap();
        assert!(done[..at].iter().any(|what| what.contains("invoices")), "{done:?}");
        assert_eq!(done[at - 1], "cleared", "{done:?}");
        assert!(done[at..].iter().any(|what| what.contains("invoices")), "it is drawn anew: {done:?}");
    }

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
