//! What `decode` and `decode-merged` answer, taken out of the guest's memory.
//!
//! Only the lines are taken over in a way of our own (`text.rs`), so their two functions are looked up and typed here;
//! everything else of the component goes through the generated bindings.

use wasmtime::component::{
    Component, ComponentExportIndex, ComponentType, Func, Instance, Lift, ResourceAny, TypedFunc,
};
use wasmtime::{Store, format_err};

use super::instance::State;
use super::text::Text;
use super::{Decoded, Failure, Merged, Output, Verdict};

/// Where the two functions stand in the component.
#[derive(Clone, Copy)]
pub(super) struct Places {
    decode: ComponentExportIndex,
    decode_merged: ComponentExportIndex,
}

impl Places {
    pub(super) fn of(component: &Component) -> wasmtime::Result<Self> {
        let interface = component.get_export_index(None, INTERFACE);
        let method = |name| {
            let place = component.get_export_index(interface.as_ref(), name);
            place.ok_or_else(|| format_err!("expected the component to export {name} of {INTERFACE}"))
        };
        Ok(Places {
            decode: method("[method]transform.decode")?,
            decode_merged: method("[method]transform.decode-merged")?,
        })
    }

    pub(super) fn functions(&self, store: &mut Store<State>, instance: &Instance) -> wasmtime::Result<Functions> {
        let mut function = |place: &ComponentExportIndex| {
            instance.get_func(&mut *store, place).ok_or_else(|| format_err!("expected a function in {INTERFACE}"))
        };
        Ok(Functions { decode: function(&self.decode)?, decode_merged: function(&self.decode_merged)? })
    }
}

const INTERFACE: &str = "dastap:decoder/decoder@0.1.0";

/// The two functions of an instance.
pub(super) struct Functions {
    decode: Func,
    decode_merged: Func,
}

/// The transform, the batch and the stream.
type Question<'a> = (ResourceAny, &'a [String], Option<&'a str>);

impl Functions {
    pub(super) async fn decode(&self, store: &mut Store<State>, asked: Question<'_>) -> wasmtime::Result<Vec<Verdict>> {
        let function: TypedFunc<Question<'_>, (Vec<LiftedVerdict>,)> = self.decode.typed(&*store)?;
        let (verdicts,) = function.call_async(store, asked).await?;
        Ok(verdicts.into_iter().map(Verdict::from).collect())
    }

    pub(super) async fn decode_merged(
        &self,
        store: &mut Store<State>,
        asked: Question<'_>,
    ) -> wasmtime::Result<Merged> {
        let function: TypedFunc<Question<'_>, (LiftedMerged,)> = self.decode_merged.typed(&*store)?;
        let (merged,) = function.call_async(store, asked).await?;
        Ok(merged.into())
    }
}

/// `output`.
#[derive(ComponentType, Lift)]
#[component(record)]
struct LiftedOutput {
    route: String,
    lines: Text,
    events: u32,
}

/// `decoded`.
#[derive(ComponentType, Lift)]
#[component(record)]
struct LiftedDecoded {
    outputs: Vec<LiftedOutput>,
    kept: u32,
    dropped: u32,
    heartbeats: u32,
}

/// `verdict`.
#[derive(ComponentType, Lift)]
#[component(variant)]
enum LiftedVerdict {
    #[component(name = "decoded")]
    Decoded(LiftedDecoded),
    #[component(name = "failed")]
    Failed(Failure),
}

/// `merged`.
#[derive(ComponentType, Lift)]
#[component(record)]
struct LiftedMerged {
    outputs: Vec<LiftedOutput>,
    failures: Vec<(u32, Failure)>,
    kept: u32,
    dropped: u32,
    heartbeats: u32,
}

impl From<LiftedOutput> for Output {
    fn from(LiftedOutput { route, lines: Text(lines), events }: LiftedOutput) -> Self {
        Output { route, lines, events }
    }
}

impl From<LiftedVerdict> for Verdict {
    fn from(lifted: LiftedVerdict) -> Self {
        match lifted {
            LiftedVerdict::Decoded(LiftedDecoded { outputs, kept, dropped, heartbeats }) => {
                let outputs = outputs.into_iter().map(Output::from).collect();
                Verdict::Decoded(Decoded { outputs, kept, dropped, heartbeats })
            }
            LiftedVerdict::Failed(failure) => Verdict::Failed(failure),
        }
    }
}

impl From<LiftedMerged> for Merged {
    fn from(LiftedMerged { outputs, failures, kept, dropped, heartbeats }: LiftedMerged) -> Self {
        Merged { outputs: outputs.into_iter().map(Output::from).collect(), failures, kept, dropped, heartbeats }
    }
}
