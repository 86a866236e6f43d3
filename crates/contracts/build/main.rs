//! Turns `proto/` into Rust: messages, the gRPC service, proto3 JSON, and from the custom options
//! the streams, subject builders and the catalogue. Reads nothing but `proto/`, writes only to
//! `OUT_DIR`.

mod catalogue;
mod pattern;
mod render;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use catalogue::Catalogue;
use prost::Message;

/// Well-known types come from pbjson, which gives them their JSON form.
const WELL_KNOWN: (&str, &str) = (".google.protobuf", "::pbjson_types");
/// Packages that no product code uses: the options are read here and nowhere else.
const OPTIONS_PACKAGE: &str = ".lockstep.options";

#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "Cargo tells a build script its folder in the environment and reads its output"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(&files)?;
    let encoded = compiler.encode_file_descriptor_set();
    fs::write(out.join("lockstep.binpb"), &encoded)?;

    messages(&encoded)?;
    json(&encoded)?;

    let catalogue = Catalogue::read(&compiler.descriptor_pool())?;
    for (name, text) in render::files(&catalogue) {
        fs::write(out.join(name), text)?;
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

fn messages(encoded: &[u8]) -> Result<(), Box<dyn Error>> {
    let descriptors = protox::prost_reflect::prost_types::FileDescriptorSet::decode(encoded)?;
    let mut config = prost_build::Config::new();
    config.bytes([".lockstep"]);
    tonic_prost_build::configure()
        .compile_well_known_types(true)
        .extern_path(WELL_KNOWN.0, WELL_KNOWN.1)
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}

fn json(encoded: &[u8]) -> Result<(), Box<dyn Error>> {
    pbjson_build::Builder::new()
        .register_descriptors(encoded)?
        .preserve_proto_field_names()
        .extern_path(WELL_KNOWN.0, WELL_KNOWN.1)
        .exclude([OPTIONS_PACKAGE])
        .build(&[".lockstep"])?;
    Ok(())
}
