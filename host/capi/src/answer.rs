//! What a batch came to: the library's verdicts, laid out for C in a few allocations that are freed together.

use engine::Stage as EngineStage;
use engine::Verdict as EngineVerdict;

use crate::abi::{Bytes, Output, ResultView, Stage, Verdict};

/// A result with everything that it points to. `view` comes first: its address is the whole's address.
#[repr(C)]
pub(crate) struct Answer {
    view: ResultView,
    /// Everything below is what the view points into. None of it changes or moves once the view is made.
    lines: String,
    /// Reasons, details and routes, one behind the other.
    words: String,
    outputs: Vec<Output>,
    verdicts: Vec<Verdict>,
}

impl Answer {
    /// Puts the lines into one buffer, and notes where each record's are.
    pub(crate) fn of(verdicts: Vec<EngineVerdict>) -> Box<Answer> {
        let (mut lines_len, mut words_len, mut outputs_len) = (0, 0, 0);
        for verdict in &verdicts {
            match verdict {
                EngineVerdict::Failed(failure) => words_len += failure.reason.len() + failure.detail.len(),
                EngineVerdict::Decoded(decoded) => {
                    outputs_len += decoded.outputs.len();
                    words_len += decoded.outputs.iter().map(|output| output.route.len()).sum::<usize>();
                    lines_len += decoded.outputs.iter().map(|output| output.lines.len()).sum::<usize>();
                }
            }
        }
        // At their final size from the start: a buffer that grew would move, and leave pointers into freed memory.
        let mut answer = Box::new(Answer {
            view: ResultView { lines: Bytes::of(""), verdicts: std::ptr::null(), verdicts_len: 0 },
            lines: String::with_capacity(lines_len),
            words: String::with_capacity(words_len),
            outputs: Vec::with_capacity(outputs_len),
            verdicts: Vec::with_capacity(verdicts.len()),
        });
        for (record, verdict) in verdicts.into_iter().enumerate() {
            answer.add(record, verdict);
        }
        answer.view = ResultView {
            lines: Bytes::of(&answer.lines),
            verdicts: answer.verdicts.as_ptr(),
            verdicts_len: answer.verdicts.len(),
        };
        answer
    }

    fn add(&mut self, record: usize, verdict: EngineVerdict) {
        let (lines_start, outputs_start) = (self.lines.len(), self.outputs.len());
        let mut row = Verdict {
            record,
            stage: Stage::Decoded,
            retryable: false,
            reason: Bytes::of(""),
            detail: Bytes::of(""),
            kept: 0,
            dropped: 0,
            heartbeats: 0,
            lines_start,
            lines_len: 0,
            outputs: std::ptr::null(),
            outputs_len: 0,
        };
        match verdict {
            EngineVerdict::Failed(failure) => {
                row.stage = stage(failure.stage);
                row.retryable = failure.retryable;
                row.reason = keep(&mut self.words, &failure.reason);
                row.detail = keep(&mut self.words, &failure.detail);
            }
            EngineVerdict::Decoded(decoded) => {
                (row.kept, row.dropped, row.heartbeats) = (decoded.kept, decoded.dropped, decoded.heartbeats);
                for output in decoded.outputs {
                    let route = keep(&mut self.words, &output.route);
                    let lines = keep(&mut self.lines, &output.lines);
                    self.outputs.push(Output { route, lines, events: output.events });
                }
                row.lines_len = self.lines.len() - lines_start;
                row.outputs_len = self.outputs.len() - outputs_start;
                if row.outputs_len > 0 {
                    row.outputs = self.outputs.as_ptr().wrapping_add(outputs_start);
                }
            }
        }
        self.verdicts.push(row);
    }

    /// Gives it to C.
    pub(crate) fn into_view(self: Box<Self>) -> *const ResultView {
        Box::into_raw(self).cast()
    }

    /// Takes it back and frees it.
    ///
    /// # Safety
    /// `view` is NULL, or came from [`Self::into_view`] and was not freed before.
    pub(crate) unsafe fn free(view: *const ResultView) {
        if !view.is_null() {
            // SAFETY: it is the address of the boxed answer, whose first field it is; freed once, as promised.
            drop(unsafe { Box::from_raw(view.cast_mut().cast::<Answer>()) });
        }
    }
}

/// Appends a text to a buffer that has room for it, and shows where it is.
fn keep(buffer: &mut String, text: &str) -> Bytes {
    debug_assert!(buffer.capacity() - buffer.len() >= text.len(), "the buffer would move");
    let start = buffer.len();
    buffer.push_str(text);
    Bytes { data: buffer.as_ptr().wrapping_add(start).cast(), len: text.len() }
}

fn stage(stage: EngineStage) -> Stage {
    match stage {
        EngineStage::Envelope => Stage::Envelope,
        EngineStage::Key => Stage::Key,
        EngineStage::Message => Stage::Message,
        EngineStage::Gunzip => Stage::Gunzip,
        EngineStage::Events => Stage::Events,
        EngineStage::Guest => Stage::Guest,
    }
}
