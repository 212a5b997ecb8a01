namespace Podflare.Components;

/// <summary>One component of the platform, or a group of components.</summary>
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
