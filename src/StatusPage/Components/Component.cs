namespace Podflare.Components;

/// <summary>One line of the page.</summary>
internal sealed record Component(
    string Id,
    string Name,
    string? Description,
    int Position,
    bool IsGroup,
    string? GroupId,
    ComponentStatus Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? QuietUntil);
