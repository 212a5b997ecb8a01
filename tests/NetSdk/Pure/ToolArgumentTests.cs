using System.Text.Json;
using Podflare.NetSdk.Services;

namespace Podflare.NetSdk.Pure;

public sealed class ToolArgumentTests
{
    public static TheoryData<string> VectorNames => [.. Vectors("vectors").Select(vector => vector.GetProperty("name").GetString()!)];

    public static TheoryData<string> UnusableSchemas => [.. Vectors("unusable").Select(schema => schema.GetRawText())];

    /// <summary>The examples that all clients share.</summary>
    [Theory]
    [MemberData(nameof(VectorNames))]
    public void Arguments_are_valid_or_have_the_same_error_as_in_every_client(string name)
    {
        var vector = Vectors("vectors").Single(one => one.GetProperty("name").GetString() == name);
        var value = vector.GetProperty("value");
        if (vector.TryGetProperty("copies", out var copies))
        {
            var item = value.GetProperty("a").GetRawText();
            value = Json($$"""{"a":[{{string.Join(',', Enumerable.Repeat(item, copies.GetInt32()))}}]}""");
        }

        Assert.Equal(vector.GetProperty("error").GetString(), new ArgumentSchema(vector.GetProperty("schema")).FindError(value));
    }

    [Theory]
    [MemberData(nameof(UnusableSchemas))]
    public void A_schema_with_a_pattern_or_a_reference_that_cannot_be_used_is_refused(string schema)
    {
        var error = Assert.Throws<ArgumentException>(() => new SandboxTool("search", (_, _) => Task.FromResult(default(JsonElement))) { InputSchema = Json(schema) });
        Assert.StartsWith("The tool search has a schema that cannot be used: the ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_schema_of_a_tool_outlives_its_document()
    {
        SandboxTool tool;
        using (var document = JsonDocument.Parse("""{"properties":{"a":{"enum":["x"],"minimum":3},"b":{"$ref":"#/properties/a"}}}"""))
            tool = new SandboxTool("search", (_, _) => Task.FromResult(default(JsonElement))) { InputSchema = document.RootElement };
        Assert.Equal("arguments.b must be one of \"x\"", tool.Arguments!.FindError(Json("""{"a":"x","b":"y"}""")));
    }

    [Fact]
    public void Each_of_several_members_of_one_name_is_validated() =>
        Assert.Equal("arguments.a must be an integer, not a string", new ArgumentSchema(Json("""{"properties":{"a":{"type":"integer"}}}""")).FindError(Json("""{"a":"x","a":1}""")));

    [Fact]
    public void Integers_beyond_the_precision_of_a_double_are_told_apart()
    {
        var schema = new ArgumentSchema(Json("""{"properties":{"a":{"enum":[9007199254740993]},"b":{"maximum":9007199254740992},"c":{"multipleOf":2},"d":{"uniqueItems":true}}}"""));
        Assert.Null(schema.FindError(Json("""{"a":9007199254740993,"b":9007199254740992,"c":9007199254740994,"d":[9007199254740992,9007199254740993]}""")));
        Assert.NotNull(schema.FindError(Json("""{"a":9007199254740992}""")));
        Assert.NotNull(schema.FindError(Json("""{"b":9007199254740993}""")));
        Assert.NotNull(schema.FindError(Json("""{"c":9007199254740993}""")));
        Assert.NotNull(schema.FindError(Json("""{"d":[9007199254740993,9007199254740993]}""")));
    }

    [Fact]
    public void A_pattern_that_backtracks_for_too_long_ends_the_validation()
    {
        // The look-ahead keeps it from the engine without backtracking.
        var schema = new ArgumentSchema(Json("""{"patternProperties":{"^(?!b)(a+)+$":{"type":"integer"}}}"""));
        var error = schema.FindError(Json($$"""{"{{new string('a', 60)}}!":"x"}"""));
        Assert.StartsWith("the arguments take too long to be validated, because of the pattern ", error, StringComparison.Ordinal);
    }

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static JsonElement[] Vectors(string part)
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TestRun.Repository, "clients", "vectors", "tool_arguments.json")));
        return [.. file.RootElement.GetProperty(part).EnumerateArray().Select(vector => vector.Clone())];
    }
}
