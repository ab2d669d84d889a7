//! `#[derive(DomainError)]`: reads an enum of errors, and reports all that is wrong with it at once.
//! It refuses to say what such an enum does: that is `domain_error!` of the runtime, which generated code uses, too.

mod attribute;
mod expand;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens as _;
use sinew_idl::{codes, naming};
use syn::{
    Data, DeriveInput, Error, Fields, GenericArgument, Ident, LitStr, PathArguments, Type, Variant,
};

use attribute::Attribute;

/// What the enum says; some of it is missing after an error.
#[derive(Default)]
struct Model {
    errors: Vec<Declared>,
    /// The variant of every other failure.
    other: Option<Ident>,
}

/// One error.
struct Declared {
    variant: Ident,
    detail: Type,
    /// The variant of `sinew::Code`.
    code: Ident,
    message: Option<LitStr>,
}

/// All that is wrong, in the order in which it is found.
#[derive(Default)]
struct Found(Option<Error>);

impl Found {
    fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn at(&mut self, place: &dyn quote::ToTokens, message: impl std::fmt::Display) {
        self.push(Error::new_spanned(place, message));
    }
}

/// The whole of it: the implementation, or what is wrong and one that lets everything else compile.
pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut found = Found::default();
    let sinew = attribute::runtime(&input.attrs, &mut found);
    let model = read(&input, &mut found);
    match (found.0, &model.other) {
        (None, Some(other)) => expand::whole(&input.ident, &model.errors, other, &sinew),
        (found, _) => {
            let errors = found.map(Error::into_compile_error);
            // Of what has parameters a stub would not hold, and of a union nothing is expected.
            let is_plain =
                input.generics.params.is_empty() && !matches!(input.data, Data::Union(_));
            let stub = is_plain.then(|| expand::stub(&input.ident, &model.errors, &sinew));
            quote::quote!(#errors #stub)
        }
    }
}

fn read(input: &DeriveInput, found: &mut Found) -> Model {
    let mut model = Model::default();
    let Data::Enum(data) = &input.data else {
        let message = "`DomainError` is derived for an enum: a variant that holds a `sinew::Typed` for each error, \
            and one that holds the `sinew::Status` of every other failure";
        found.at(&input.ident, message);
        return model;
    };
    if !input.generics.params.is_empty() {
        found.at(
            &input.generics,
            "an enum of errors has no parameters: each error is a message",
        );
    }
    for variant in &data.variants {
        self::variant(variant, &mut model, found);
    }
    if model.other.is_none() && found.0.is_none() {
        let message =
            "one variant has to hold the status of every other failure: `Status(sinew::Status)`";
        found.at(&input.ident, message);
    }
    model
}

fn variant(variant: &Variant, model: &mut Model, found: &mut Found) {
    let attribute = attribute::read(&variant.attrs, found);
    let name = &variant.ident;
    let fields = match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first(),
        _ => None,
    };
    match fields.map(|field| held(&field.ty)) {
        Some(Held::Status) => {
            if attribute.is_there() {
                let message = "every other failure has a code and a message of its own: \
                    `#[error(…)]` is for errors";
                found.at(name, message);
            }
            match &model.other {
                None => model.other = Some(name.clone()),
                Some(first) => {
                    let message =
                        format!("`{first}` holds the status of every other failure already");
                    found.at(name, message);
                }
            }
        }
        Some(Held::Typed(detail)) => declared(name, detail, attribute, model, found),
        Some(Held::Neither) | None => {
            let message = format!(
                "`{name}` has to hold one thing: `{name}(sinew::Typed<…>)` the message of an error with the status \
                 that it came in, `{name}(sinew::Status)` every other failure"
            );
            found.at(variant, message);
        }
    }
}

fn declared(
    variant: &Ident,
    detail: &Type,
    attribute: Attribute,
    model: &mut Model,
    found: &mut Found,
) {
    let same = |one: &&Declared| {
        one.detail.to_token_stream().to_string() == detail.to_token_stream().to_string()
    };
    if let Some(first) = model.errors.iter().find(same) {
        let message = format!("`{}` holds this message already", first.variant);
        return found.at(detail, message);
    }
    let (code, span) = match &attribute.code {
        Some((code, span)) => (code.clone(), *span),
        None => (codes::DEFAULT_ERROR_CODE.to_owned(), Span::call_site()),
    };
    if let Some((message, help)) = codes::wrong(&code) {
        found.push(Error::new(span, format!("{message}: {help}")));
    }
    model.errors.push(Declared {
        variant: variant.clone(),
        detail: detail.clone(),
        code: match codes::wrong(&code) {
            None => Ident::new(&naming::upper_camel(&code), span),
            Some(_) => Ident::new("Unknown", span),
        },
        message: attribute.message,
    });
}

/// What a variant holds, by the last name of its type: a macro sees no more of it.
enum Held<'a> {
    Status,
    Typed(&'a Type),
    Neither,
}

fn held(ty: &Type) -> Held<'_> {
    let Type::Path(path) = ty else {
        return Held::Neither;
    };
    let Some(last) = path.path.segments.last() else {
        return Held::Neither;
    };
    match &last.arguments {
        PathArguments::None if last.ident == "Status" => Held::Status,
        PathArguments::AngleBracketed(arguments) if last.ident == "Typed" => {
            match arguments.args.first() {
                Some(GenericArgument::Type(detail)) if arguments.args.len() == 1 => {
                    Held::Typed(detail)
                }
                _ => Held::Neither,
            }
        }
        _ => Held::Neither,
    }
}
