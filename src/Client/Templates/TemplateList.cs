namespace Podflare;

internal sealed record TemplateList
{
    public IReadOnlyList<TemplateInfo> Templates { get; init => field = value ?? []; } = [];
}
