//! Lines on their way out, by route.

use crate::verdict::Output;

/// The outputs of a record or of a batch, in the order in which their routes first appeared.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    list: Vec<Output>,
    /// Bytes that each is about to get.
    wanted: Vec<usize>,
    /// How far each was when a record began.
    marks: Vec<(usize, u32)>,
    /// Where the last event went: events of one route come in runs.
    last: usize,
}

/// The route of events that no rule sends elsewhere.
pub(crate) const DEFAULT_ROUTE: &str = "default";

/// The route of events whose own route would be one too many.
pub(crate) const OVERFLOW_ROUTE: &str = "overflow";

/// Routes may hold values out of events, so their number is bounded. One more is [`OVERFLOW_ROUTE`].
pub(crate) const ROUTES_MOST: usize = 256;

impl Outputs {
    /// Which output has this route; a new one if none has.
    pub(crate) fn at(&mut self, route: &str) -> Place {
        let is_it = |output: &Output| output.route == route;
        if self.list.get(self.last).is_some_and(is_it) {
            return Place { output: self.last, overflowed: false };
        }
        let found = self.list.iter().position(is_it);
        if let Some(output) = found {
            self.last = output;
            return Place { output, overflowed: false };
        }
        let overflowed = self.list.len() >= ROUTES_MOST && route != OVERFLOW_ROUTE;
        if overflowed {
            return Place { overflowed, ..self.at(OVERFLOW_ROUTE) };
        }
        self.last = self.list.len();
        self.list.push(Output { route: route.to_string(), lines: String::new(), events: 0 });
        self.wanted.push(0);
        Place { output: self.last, overflowed }
    }

    /// Notes that this output is about to get so many bytes more.
    pub(crate) fn want(&mut self, output: usize, bytes: usize) {
        if let Some(wanted) = self.wanted.get_mut(output) {
            *wanted = wanted.saturating_add(bytes);
        }
    }

    /// Makes room for all that was noted: one allocation for all lines of a record.
    pub(crate) fn reserve(&mut self) {
        for (output, wanted) in self.list.iter_mut().zip(&mut self.wanted) {
            output.lines.reserve(std::mem::take(wanted));
        }
    }

    /// The lines of an output, to be gone on with.
    #[inline]
    pub(crate) fn lines(&mut self, output: usize) -> Option<&mut String> {
        Some(&mut self.list.get_mut(output)?.lines)
    }

    /// Ends a line of an output.
    #[inline]
    pub(crate) fn end_line(&mut self, output: usize) {
        if let Some(output) = self.list.get_mut(output) {
            output.lines.push('\n');
            output.events = output.events.saturating_add(1);
        }
    }

    /// No line was written to it yet.
    pub(crate) fn is_empty(&self, output: usize) -> bool {
        self.list.get(output).is_none_or(|output| output.lines.is_empty())
    }

    /// Gives an empty output lines that were made elsewhere.
    pub(crate) fn fill(&mut self, output: usize, lines: String, events: u32) {
        if let Some(output) = self.list.get_mut(output) {
            output.lines = lines;
            output.events = events;
        }
    }

    /// Notes how far the outputs are: that is what [`Outputs::rewind`] goes back to.
    pub(crate) fn mark(&mut self) {
        self.marks.clear();
        self.marks.extend(self.list.iter().map(|output| (output.lines.len(), output.events)));
    }

    /// Makes the outputs what they were when they were marked.
    pub(crate) fn rewind(&mut self) {
        self.rewind_lines();
        self.list.truncate(self.marks.len());
        self.wanted.truncate(self.marks.len());
        self.last = 0;
    }

    /// Takes the lines back that came since the mark, and what was noted for others. Memory of those that are empty is
    /// given back.
    pub(crate) fn rewind_lines(&mut self) {
        self.wanted.fill(0);
        let marks = self.marks.iter().copied().chain(std::iter::repeat((0, 0)));
        for (output, (length, events)) in self.list.iter_mut().zip(marks) {
            match length {
                0 => output.lines = String::new(),
                length => output.lines.truncate(length),
            }
            output.events = events;
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    /// The route of an output.
    pub(crate) fn route(&self, output: usize) -> &str {
        self.list.get(output).map_or(DEFAULT_ROUTE, |output| &output.route)
    }

    /// The outputs themselves.
    pub(crate) fn into_list(mut self) -> Vec<Output> {
        self.list.retain(|output| output.events > 0);
        self.list
    }
}

/// Where an event goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) output: usize,
    /// Not to its own route: there are too many.
    pub(crate) overflowed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_come_in_order_and_are_bounded() {
        let mut outputs = Outputs::default();
        for route in ["b", "a", "b", "c", "a"] {
            outputs.at(route);
        }
        assert_eq!((outputs.at("a").output, outputs.at("b").output, outputs.at("c").output), (1, 0, 2));
        for number in 0..1000 {
            let place = outputs.at(&number.to_string());
            assert_eq!(place.overflowed, number + 3 >= ROUTES_MOST);
            assert_eq!(outputs.route(place.output) == OVERFLOW_ROUTE, place.overflowed);
        }
        assert_eq!(outputs.count(), ROUTES_MOST + 1);
        // Those that came before keep their place.
        assert_eq!(outputs.at("c"), Place { output: 2, overflowed: false });
        outputs.lines(2).unwrap().push_str("{}");
        outputs.end_line(2);
        assert_eq!(outputs.into_list(), [Output { route: "c".into(), lines: "{}\n".into(), events: 1 }]);
    }

    #[test]
    fn a_record_that_failed_leaves_nothing() {
        let mut outputs = Outputs::default();
        let write = |outputs: &mut Outputs, route: &str| {
            let output = outputs.at(route).output;
            outputs.want(output, 1000);
            outputs.lines(output).unwrap().push_str("{}");
            outputs.end_line(output);
        };
        outputs.mark();
        write(&mut outputs, "a");
        outputs.mark();
        write(&mut outputs, "b");
        write(&mut outputs, "a");
        outputs.lines(0).unwrap().push_str("half a line");
        outputs.rewind();
        assert_eq!(outputs.count(), 1);
        write(&mut outputs, "c");
        let line = |route: &str| Output { route: route.into(), lines: "{}\n".into(), events: 1 };
        assert_eq!(outputs.into_list(), [line("a"), line("c")]);
    }
}
