//! The document against the schema, with Shopify's names for what can be wrong.

use super::error::GraphqlError;
use super::schema::AdminSchema;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::validation::{DiagnosticList, Valid};

/// Parses and validates a document.
///
/// # Errors
/// All mistakes, each as an entry of `errors`.
pub fn document(
    schema: &AdminSchema,
    text: &str,
) -> Result<Valid<ExecutableDocument>, Vec<GraphqlError>> {
    ExecutableDocument::parse_and_validate(schema.schema(), text, "query.graphql")
        .map_err(|with| errors(&with.errors))
}

fn errors(diagnostics: &DiagnosticList) -> Vec<GraphqlError> {
    let name_of = |name: Option<&'static str>| name.unwrap_or_default();
    let unknown = diagnostics
        .iter()
        .any(|diagnostic| name_of(diagnostic.error.unstable_error_name()).starts_with("Undefined"));
    diagnostics
        .iter()
        // A selection that only holds unknown things is reported as empty too; that is no
        // second mistake.
        .filter(|diagnostic| {
            let name = name_of(diagnostic.error.unstable_error_name());
            !(unknown && name == "MissingSubselection")
        })
        .map(|diagnostic| {
            let name = diagnostic.error.unstable_error_name();
            let message = diagnostic
                .error
                .unstable_compat_message()
                .unwrap_or_else(|| diagnostic.error.to_string());
            let mut error = GraphqlError::new(code(name), message);
            error.location =
                diagnostic.line_column_range().map(|range| (range.start.line, range.start.column));
            error
        })
        .collect()
}

/// The code for a kind of mistake. Names without a counterpart keep a general code.
fn code(name: Option<&str>) -> &'static str {
    match name.unwrap_or("SyntaxError") {
        "SyntaxError" | "ParserLimit" | "RecursionLimitError" => "PARSE_ERROR",
        "UndefinedField" => "undefinedField",
        "UndefinedArgument" | "UndefinedInputValue" => "argumentNotAccepted",
        "RequiredArgument" => "missingRequiredArguments",
        "RequiredField" => "missingRequiredInputObjectAttribute",
        "UnsupportedValueType"
        | "IntCoercionError"
        | "FloatCoercionError"
        | "UndefinedEnumValue" => "argumentLiteralsIncompatible",
        "MissingSubselection" | "SubselectionOnScalarType" | "SubselectionOnEnumType" => {
            "selectionMismatch"
        }
        "UnusedVariable" => "variableNotUsed",
        "UndefinedVariable" => "variableNotDefined",
        "DisallowedVariableUsage" => "variableMismatch",
        "UndefinedDirective" => "undefinedDirective",
        "UndefinedDefinition"
        | "UndefinedTypeInNamedFragmentTypeCondition"
        | "UndefinedTypeInInlineFragmentTypeCondition" => "undefinedType",
        "UndefinedFragment" => "undefinedFragment",
        "UnusedFragment" => "useAndDefineFragment",
        "InvalidFragmentTarget" | "InvalidFragmentSpread" => "cannotSpreadFragment",
        "ConflictingFieldType" | "ConflictingFieldName" | "ConflictingFieldArgument" => {
            "fieldConflict"
        }
        _ => "invalidDocument",
    }
}
