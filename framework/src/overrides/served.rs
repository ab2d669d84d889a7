//! Names in a file of policies that a server has nothing for, because they are misspelt.
//! It refuses to judge services that are like none of the server's: one file may be for many servers.

use sinew_service_config::{Level, Name, ServiceConfig, nearest};

use crate::call::{MethodSpec, ServiceSpec};

/// A warning for each, without the path of the file.
pub(super) fn misspelt(config: &ServiceConfig, services: &[&ServiceSpec]) -> Vec<String> {
    let names = config.methods.iter().flat_map(|entry| &entry.names);
    names.filter_map(|name| one(name, services)).collect()
}

fn one(name: &Name, services: &[&ServiceSpec]) -> Option<String> {
    if name.level() == Level::Default {
        return None;
    }
    let place = &name.place;
    let said = |what: String, near: Option<&str>| {
        let help = near.map(|near| format!(" (did you mean `{near}`?)"));
        let help = help.unwrap_or_default();
        format!(
            "{}:{}: {}: {what}{help}",
            place.line, place.column, place.path
        )
    };
    let Some(service) = services.iter().find(|one| one.name() == name.service) else {
        let names: Vec<_> = services.iter().map(|one| one.name()).collect();
        let near = nearest(&name.service, &names)?;
        return Some(said(
            format!("this server has no service `{}`", name.service),
            Some(near),
        ));
    };
    let names: Vec<_> = service
        .methods()
        .iter()
        .map(|one| MethodSpec::name(one))
        .collect();
    if name.level() == Level::Service || names.contains(&name.method.as_str()) {
        return None;
    }
    let what = format!("`{}` has no method `{}`", name.service, name.method);
    Some(said(what, nearest(&name.method, &names)))
}
