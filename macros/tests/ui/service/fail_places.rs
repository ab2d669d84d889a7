struct Mine;

#[sinew::service]
impl Mine {}

#[sinew::service]
pub unsafe trait Cart<T> {}

#[sinew::service]
pub trait lines {}

fn main() {}
