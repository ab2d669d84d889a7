//! The code of the services that the runtime brings along is committed, and what the compiler makes of their `.proto`
//! files today. `SINEW_BLESS=1` writes it anew, for a person to read in the diff.

use std::{env, path::Path};

use sinew_build::Config;

/// Where the runtime has its files.
fn framework() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../framework")
}

fn is_committed(config: impl FnOnce(Config) -> Config, service: &str) {
    let protos = Config::new(framework().join("proto"));
    let generated = framework().join("src/services").join(service);
    let report = config(protos)
        .check_in(generated.join("generated"))
        .verify(env::var_os("SINEW_BLESS").is_none())
        .try_compile();
    if let Err(found) = report {
        panic!("{found}\n(SINEW_BLESS=1 takes the new code)");
    }
}

#[test]
fn the_code_of_health_is_up_to_date() {
    is_committed(
        |config| config.files(["grpc/health/v1/health.proto"]),
        "health",
    );
}

/// Both versions have the same messages, but for the name of their package, which is not on the wire: those of the
/// newer one serve both. Who asks is not ours, so there is no client. Files are sent as they are embedded, without a
/// copy.
#[test]
fn the_code_of_reflection_is_up_to_date() {
    let files = [
        "grpc/reflection/v1/reflection.proto",
        "grpc/reflection/v1alpha/reflection.proto",
    ];
    let v1 = "crate::services::reflection::generated::grpc::reflection::v1";
    let reflection = |config: Config| {
        config
            .files(files)
            .client(false)
            .bytes(".grpc.reflection.v1.FileDescriptorResponse")
            .extern_path(".grpc.reflection.v1alpha", v1)
    };
    is_committed(reflection, "reflection");
}
