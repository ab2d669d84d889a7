sinew::include_idl!();
