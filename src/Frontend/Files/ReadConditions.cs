using System.Collections.Immutable;
using Microsoft.Net.Http.Headers;
using Podflare.Problems;

namespace Podflare.Files;

/// <summary>The conditions of a request for a file (RFC 9110, sections 13 and 14), and the part of the file that it asks for.</summary>
internal sealed class ReadConditions
{
    private readonly IList<EntityTagHeaderValue>? _ifMatch;
    private readonly IList<EntityTagHeaderValue>? _ifNoneMatch;
    private readonly DateTimeOffset? _ifModifiedSince;
    private readonly DateTimeOffset? _ifUnmodifiedSince;
    private readonly RangeConditionHeaderValue? _ifRange;
    private readonly RangeItemHeaderValue? _range;

    private ReadConditions(HttpRequest request)
    {
        var headers = request.GetTypedHeaders();
        (_ifMatch, _ifNoneMatch) = (EntityTags.Parse(request, HeaderNames.IfMatch), EntityTags.Parse(request, HeaderNames.IfNoneMatch));
        (_ifModifiedSince, _ifUnmodifiedSince) = (headers.IfModifiedSince, headers.IfUnmodifiedSince);
        if (!HttpMethods.IsGet(request.Method)) return;
        _ifRange = headers.IfRange;
        // Several ranges, other units, and what is not valid are ignored, as the specification allows: the answer is the whole file.
        if (headers.Range is { Ranges.Count: 1 } range && range.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase)) _range = range.Ranges.First();
    }

    /// <summary>Whether the request has conditions that must not be ignored.</summary>
    public bool MustHold => _ifMatch is not null || _ifUnmodifiedSince is not null;

    /// <returns>Null when the request has neither conditions nor a range.</returns>
    /// <exception cref="ProblemException">400: a condition is not valid.</exception>
    public static ReadConditions? Parse(HttpRequest request)
    {
        var conditions = new ReadConditions(request);
        return conditions._range is null && !conditions.MustHold && conditions._ifNoneMatch is null && conditions._ifModifiedSince is null ? null : conditions;
    }

    /// <summary>Decides what the answer is.</summary>
    /// <exception cref="PreconditionFailedException">A condition does not hold.</exception>
    /// <exception cref="RangeNotSatisfiableException">The file ends before the range.</exception>
    public ReadDecision Decide(FileEntry file)
    {
        // Dates of HTTP have a resolution of one second.
        var modified = DateTimeOffset.FromUnixTimeSeconds(file.ModifiedAt.ToUnixTimeSeconds());
        if (_ifMatch is not null ? !EntityTags.AnyMatches(_ifMatch, file.ETag, strong: true) : modified > _ifUnmodifiedSince) throw new PreconditionFailedException();
        if (_ifNoneMatch is not null ? EntityTags.AnyMatches(_ifNoneMatch, file.ETag, strong: false) : modified <= _ifModifiedSince) return new ReadDecision(NotModified: true, null);
        // Of a file without a size the kernel makes the content as it is read.
        if (_range is null || file.Size == 0 || !AppliesTo(file, modified)) return new ReadDecision(NotModified: false, null);
        return new ReadDecision(NotModified: false, ByteRange.Of(_range, file.Size) ?? throw new RangeNotSatisfiableException(file.Size));
    }

    private bool AppliesTo(FileEntry file, DateTimeOffset modified) => _ifRange switch
    {
        null => true,
        { EntityTag: { } tag } => EntityTags.AnyMatches([tag], file.ETag, strong: true),
        _ => _ifRange.LastModified == modified,
    };
}

/// <summary>What to answer.</summary>
/// <param name="NotModified">The client has the file already.</param>
/// <param name="Range">The part to send; null for the whole file.</param>
internal readonly record struct ReadDecision(bool NotModified, FileRange? Range);
