fn main() {
    sinew_build::Config::new("proto")
        .service_config("service_config.json")
        .compile();
}
