using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Podflare.Containers;

[OptionsValidator]
internal sealed partial class TemplateValidator : IValidateOptions<Template>;

/// <summary>Checks every template, and names all mistakes at once.</summary>
internal sealed partial class TemplateOptionsValidator : IValidateOptions<TemplateOptions>
{
    private const int MaxTemplates = 100;

    public ValidateOptionsResult Validate(string? name, TemplateOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.Count > MaxTemplates) result.AddError($"There are more than {MaxTemplates} templates.");
        foreach (var (key, template) in options)
        {
            if (!Name().IsMatch(key)) result.AddError($"{key}: a template's name is 1 to 63 of a-z, 0-9 and -.");
            result.AddResult(new TemplateValidator().Validate(key, template));
            if (template.HomeMib + template.TmpMib >= template.MemoryMib)
                result.AddError($"{key}: HomeMib and TmpMib together must stay below MemoryMib, because full they would leave no memory.");
        }

        return result.Build();
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,62}$")]
    private static partial Regex Name();
}
